#: Blocks that cannot be read give errors, and everything around them still works.
#: machine q35
#: disk scripts/mkrootfs --size 32M --block-size 4096 --mkfs-opts "-O ^has_journal" $disk harness/vm/scenarios
#: blkdebug for b in $(debugfs -R 'blocks /pipeline.sh' $disk 2>/dev/null); do printf '{"event":"read_aio","errno":5,"sector":%d}' $((b * 8)); done | sed 's/}{/},{/g; s/^/[/; s/$/]/'
mkdir -p /mnt && mount -o ro /dev/vdb /mnt || exit 1
cat /mnt/pipeline.sh >/dev/null 2>/tmp/err; echo "read $?"
cat /mnt/pipeline.sh >/dev/null 2>/tmp/err; echo "again $?"
wc -l </mnt/bind.sh | awk '{ print ($1 > 5) }'
ls /mnt | grep -c '^pipeline.sh$'
umount /mnt; echo "umount $?"
