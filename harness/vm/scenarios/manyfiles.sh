#: Thousands of files in one directory: made, listed, found, renamed, removed.
#: disk mke2fs -q -F -t ext4 -b 1024 -N 20000 $disk 64M
mkdir -p /mnt && mount /dev/vdb /mnt && mkdir /mnt/d && cd /mnt/d || exit 1
seq 1 10000 | sed 's/^/a-file-with-some-name-/' | xargs touch; echo "touched $?"
ls | wc -l
ls | sort | md5sum
[ -e a-file-with-some-name-7777 ] && echo found
[ -e a-file-with-some-name-77777 ] || echo missing
echo content >a-file-with-some-name-5000; cat a-file-with-some-name-5000
ls | awk 'NR % 2' | sort >/tmp/half; wc -l </tmp/half
xargs rm </tmp/half; ls | wc -l
i=1
for f in $(ls | head -n 100); do mv "$f" "renamed-$i"; i=$((i + 1)); done
ls | grep -c renamed
cd /; umount /mnt; mount /dev/vdb /mnt; cd /mnt/d
ls | wc -l
rm -r /mnt/d; echo "removed $?"
cd /; umount /mnt; echo "umount $?"
