#: Two gigabytes of data, every block of them, written, read back and removed.
#: disk mke2fs -q -F -t ext4 -b 4096 $disk 2200M
mkdir -p /mnt && mount /dev/vdb /mnt && cd /mnt || exit 1
dd if=/dev/zero of=zeros bs=1M count=2060 2>/dev/null; echo "written $?"
stat -c %s zeros
du -m zeros | awk '{ print ($1 >= 2060) }'
tail -c 1048576 zeros | md5sum
rm zeros; sync
cd /; umount /mnt; echo "umount $?"
