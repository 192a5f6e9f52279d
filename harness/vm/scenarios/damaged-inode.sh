#: An inode that is garbage gives an error, and the rest of the volume works.
#: disk mkdir -p $disk.d && echo bad >$disk.d/bad && echo fine >$disk.d/good && mke2fs -q -F -t ext4 -d $disk.d $disk 16M && rm -r $disk.d && debugfs -w -R 'set_inode_field /bad block[0] 0x1234' $disk 2>/dev/null
#: nofsck
mkdir -p /mnt; mount /dev/vdb /mnt; echo "mount $?"
cat /mnt/bad >/dev/null 2>&1; echo "read $?"
cat /mnt/good
echo alive
