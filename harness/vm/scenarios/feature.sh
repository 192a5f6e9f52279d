#: A feature that nobody knows refuses the mount; one that only writing needs refuses writing.
#: disk mke2fs -q -F -t ext2 $disk 16M && debugfs -w -R 'set_super_value feature_incompat 0x80000002' $disk 2>/dev/null
#: nofsck
mkdir -p /mnt; mount -t ext2 /dev/vdb /mnt 2>/dev/null; [ $? = 0 ] || echo refused
dmesg | grep vdb | grep -c -i -e feature -e 80000000 | awk '{ print ($1 > 0) }'
echo alive
