#: A superblock that is not believable is refused, with a word in the log.
#: disk mke2fs -q -F -t ext4 -O ^metadata_csum $disk 16M; printf '\377\377\377\177' | dd of=$disk bs=1 seek=1048 conv=notrunc status=none
#: nofsck
mkdir -p /mnt; mount -t ext4 /dev/vdb /mnt 2>/dev/null; echo "mount $?" | sed 's/255/1/; s/32/1/'
dmesg | tail -n 5 | grep -c vdb | awk '{ print ($1 > 0) }'
echo alive
