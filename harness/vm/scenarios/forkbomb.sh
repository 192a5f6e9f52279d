#: A fork bomb under a limit on processes hurts its own user only.
#: memory 256
cat >/tmp/bomb <<'END'
ulimit -u 40
bomb() { bomb | bomb & }
bomb
END
su user -c 'sh /tmp/bomb' >/dev/null 2>&1
i=0
while [ $i -lt 50 ]; do
	sh -c true || echo "root cannot fork"
	i=$((i + 1))
done
killall5() { for p in $(ps -o pid,user | awk '$2 == "user" { print $1 }'); do kill -9 "$p" 2>/dev/null; done; }
while ps -o user | grep -q '^user'; do killall5; done
echo "all gone"
su user -c 'echo the user lives'
