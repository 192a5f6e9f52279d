#: A full disk says so, loses nothing that was there, and works again when there is room.
#: disk mke2fs -q -F -t ext4 -b 1024 $disk 8M
mkdir -p /mnt && mount /dev/vdb /mnt || exit 1
echo precious >/mnt/precious
dd if=/dev/urandom of=/mnt/big bs=64k 2>/tmp/err; echo "dd $?"; grep -c 'No space left' /tmp/err
df -k /mnt | awk 'NR == 2 { print ($4 < 64) }'
echo x >/mnt/one 2>/dev/null; sync
i=0
while mkdir /mnt/d$i 2>/dev/null; do i=$((i + 1)); [ $i -lt 5000 ] || break; done
cat /mnt/precious
rm -rf /mnt/big /mnt/d*
dd if=/dev/zero of=/mnt/again bs=64k count=32 2>/dev/null; echo "again $?"
stat -c %s /mnt/again
i=0
while true 2>/dev/null >/mnt/f$i; do i=$((i + 1)); [ $i -lt 5000 ] || break; done
[ $i -gt 100 ] && [ $i -lt 5000 ] && echo "inodes ran out"
rm /mnt/f*
echo room >/mnt/room && cat /mnt/room
umount /mnt; echo "umount $?"
