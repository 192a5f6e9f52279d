#: A directory that is garbage gives errors to whoever lists it, and the rest of the volume works.
#: disk mkdir -p $disk.d/bad $disk.d/good && touch $disk.d/bad/x && echo fine >$disk.d/good/file && mke2fs -q -F -t ext4 -d $disk.d $disk 16M && rm -r $disk.d && block=$(debugfs -R 'blocks /bad' $disk 2>/dev/null) && dd if=/dev/urandom of=$disk bs=1k seek=$block count=1 conv=notrunc status=none
#: nofsck
mkdir -p /mnt; mount /dev/vdb /mnt; echo "mount $?"
ls /mnt/bad >/dev/null 2>&1; echo "list $?"
cat /mnt/bad/x 2>/dev/null; echo "read $?"
cat /mnt/good/file
echo alive
