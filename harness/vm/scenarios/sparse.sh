#: A file of more than 2 GB, sparse: written past a hole, read back, truncated.
#: disk mke2fs -q -F -t ext4 $disk 64M
mkdir -p /mnt && mount /dev/vdb /mnt && cd /mnt || exit 1
echo end | dd of=big bs=1 seek=2500000000 conv=notrunc 2>/dev/null
stat -c %s big
du -k big | awk '{ print ($1 < 100) }'
dd if=big bs=1 skip=2500000000 2>/dev/null
dd if=big bs=64k count=1 skip=10000 2>/dev/null | md5sum
echo middle | dd of=big bs=4096 seek=300000 conv=notrunc 2>/dev/null
dd if=big bs=4096 skip=300000 count=1 2>/dev/null | head -c 7
stat -c %s big
truncate -s 2000000000 big; stat -c %s big
truncate -s 5000000000 big; stat -c %s big
dd if=big bs=1 skip=2500000000 count=4 2>/dev/null | od -An -tx1
rm big
df -k /mnt | awk 'NR == 2 { print ($3 < 200) }'
cd /; umount /mnt; echo "umount $?"
