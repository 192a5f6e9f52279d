#: Permissions hold for a user who is not root.
cd /tmp
echo secret >secret; chmod 600 secret
echo shared >shared; chmod 644 shared
cat >try <<'END'
cat /tmp/shared
cat /tmp/secret 2>&1
echo x 2>&1 >/tmp/shared
rm -f /tmp/shared 2>&1
echo mine >/tmp/mine && rm /tmp/mine && echo removed
mkdir /etc/d 2>&1
kill -9 1 2>&1
mount -t tmpfs tmpfs /tmp 2>&1
chown 0 /home/user 2>&1
hostname changed 2>&1
id -u
END
chown user /home/user
su user -c 'sh /tmp/try' 2>&1
ls -l secret shared | awk '{ print $1, $3, $NF }'
mkdir sticky; chmod 1777 sticky; touch sticky/root
su user -c 'rm -f sticky/root; touch sticky/user; ls sticky' 2>&1
