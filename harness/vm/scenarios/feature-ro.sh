#: A read-only-compatible feature that nobody knows refuses writing, not reading.
#: disk mkdir -p $disk.d && echo fine >$disk.d/file && mke2fs -q -F -t ext2 -d $disk.d $disk 16M && rm -r $disk.d && debugfs -w -R 'set_super_value feature_ro_compat 0x40000003' $disk 2>/dev/null
#: nofsck
mkdir -p /mnt; mount -t ext2 -o rw /dev/vdb /mnt 2>/dev/null || echo "no writing"
mount -t ext2 -o ro /dev/vdb /mnt; echo "mount $?"
cat /mnt/file
umount /mnt; echo "umount $?"
