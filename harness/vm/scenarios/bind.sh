#: Bind mounts, stacked mounts, busy mounts.
mkdir -p /root/a /root/b; echo inside >/root/a/file
mount --bind /root/a /root/b && cat /root/b/file
echo more >>/root/b/file; cat /root/a/file
(cd /root/b; umount /root/b 2>/dev/null; echo "busy $?")
umount /root/b; echo "unmounted $?"; ls /root/b
mount -t tmpfs -o size=1m tmpfs /root/b
dd if=/dev/zero of=/root/b/big bs=64k count=100 2>/dev/null; echo "full $?"
stat -c %s /root/b/big
mount -t tmpfs tmpfs /root/b; ls /root/b; umount /root/b; ls /root/b; umount /root/b
umount /root/b 2>/dev/null; echo "not mounted $?"
mount -t nonexistent none /root/b 2>/dev/null; echo "no such type $?"
