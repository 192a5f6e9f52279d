#: Fifty thousand files in one directory: made, listed, found, renamed, removed.
#: disk mke2fs -q -F -t ext4 -b 1024 -N 60000 $disk 128M
# env: the rm inside of BusyBox's xargs spoils the names that xargs still has.
mkdir -p /mnt && mount /dev/vdb /mnt && mkdir /mnt/d && cd /mnt/d || exit 1
seq 1 50000 | sed 's/^/a-file-with-some-name-/' | xargs -n 1000 touch; echo "touched $?"
ls | wc -l
ls | sort | md5sum
[ -e a-file-with-some-name-7777 ] && echo found
[ -e a-file-with-some-name-777777 ] || echo missing
echo content >a-file-with-some-name-5000; cat a-file-with-some-name-5000
ls | awk 'NR % 2' | sort >/tmp/half; wc -l </tmp/half
xargs -n 1000 env rm </tmp/half; ls | wc -l
i=1
for f in $(ls | head -n 100); do mv "$f" "renamed-$i"; i=$((i + 1)); done
ls | grep -c renamed
cd /; umount /mnt; mount /dev/vdb /mnt; cd /mnt/d
ls | wc -l
rm -r /mnt/d; echo "removed $?"
cd /; umount /mnt; echo "umount $?"
