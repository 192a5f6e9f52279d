#: A superblock whose checksum is wrong is refused.
#: disk mke2fs -q -F -t ext4 $disk 16M; printf 'X' | dd of=$disk bs=1 seek=1100 conv=notrunc status=none
#: nofsck
mkdir -p /mnt; mount -t ext4 /dev/vdb /mnt 2>/dev/null; echo "mount $?" | sed 's/255/1/; s/32/1/'
echo alive
