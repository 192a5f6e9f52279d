#: The root goes read-only and back; a file open for writing keeps it from going.
exec 5>/root/open
mount -o remount,ro / 2>/dev/null; echo "busy $?"
exec 5>&-
mount -o remount,ro /; echo "remounted $?"
echo x 2>/dev/null >/root/refused; echo "written $?"
mkdir /root/refused 2>&1
rm -f /root/open 2>&1
touch /etc/passwd 2>&1
cat /etc/hostname
awk '$2 == "/" { print substr($4, 1, 2) }' /proc/mounts
mount -o remount,rw /; echo "remounted $?"
echo x >/root/accepted; cat /root/accepted
awk '$2 == "/" { print substr($4, 1, 2) }' /proc/mounts
