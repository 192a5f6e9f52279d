#: Blocks that cannot be written give errors to whoever wrote them, and everything around them still works.
#: machine q35
#: disk scripts/mkrootfs --size 32M --block-size 4096 --mkfs-opts "-O ^has_journal" $disk harness/vm/scenarios
#: blkdebug for b in $(debugfs -R 'blocks /pipeline.sh' $disk 2>/dev/null); do printf '{"event":"none","iotype":"write","errno":5,"sector":%d}' $((b * 8)); done | sed 's/}{/},{/g; s/^/[/; s/$/]/'
mkdir -p /mnt && mount /dev/vdb /mnt || exit 1
dd if=/dev/zero of=/mnt/pipeline.sh bs=100 count=1 conv=notrunc,fsync 2>/tmp/err; echo "bad $?"
grep -o 'I/O error\|Input/output error' /tmp/err
dd if=/dev/zero of=/mnt/bind.sh bs=100 count=1 conv=notrunc,fsync 2>/tmp/err; echo "good $?"
echo new >/mnt/new; dd if=/dev/null of=/mnt/new conv=notrunc,fsync 2>/dev/null; echo "new $?"
rm /mnt/bind.sh; echo "rm $?"
umount /mnt; echo "umount $?"
mount -o ro /dev/vdb /mnt && cat /mnt/new; echo "cat $?"
wc -c </mnt/pipeline.sh | awk '{ print ($1 > 50) }'
umount /mnt
