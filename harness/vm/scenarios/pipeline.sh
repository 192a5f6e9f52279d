#: The shell's own machinery: pipes, redirections, substitution, jobs, traps, statuses.
echo one two three | tr ' ' '\n' | sort | head -n 2
printf 'b\na\nc\n' >/tmp/list
sort </tmp/list >/tmp/sorted; cat /tmp/sorted
echo appended >>/tmp/sorted; wc -l </tmp/sorted
ls /nonexistent 2>/tmp/err; echo "status $?"; wc -l </tmp/err
echo "sum $(( $(cat /tmp/list | wc -l) * 14 ))"
cat <<END
here $((1 + 1))
END
cat <<'END'
raw $((1 + 1))
END
(cd /usr && pwd); pwd
true && echo yes || echo no
false && echo yes || echo no
! false && echo negated
for f in /etc/host* /etc/pass*; do echo "$f"; done
i=0; while [ $i -lt 1000 ]; do i=$((i + 1)); done; echo counted $i
sleep 0 & wait $!; echo "waited $?"
(exit 9) & wait $!; echo "waited $?"
sh -c 'kill -TERM $$'; echo "killed $?"
(trap 'echo trapped' USR1; kill -USR1 $(sh -c 'echo $PPID'); echo after)
mkfifo /tmp/fifo; (echo through the fifo >/tmp/fifo &); cat /tmp/fifo
yes | head -n 100000 | wc -l
dd if=/dev/zero bs=64k count=64 2>/dev/null | md5sum
exec 5>/tmp/five; echo five >&5; exec 5>&-; cat /tmp/five
find /etc -name 'pass*' -type f | xargs grep -c root
echo 'a b c' | (read x y; echo "[$x] [$y]")
seq 1 20 | awk '{ s += $1 } END { print s }'
echo alpha | sed 's/a/A/g'
tar -C /etc -cf - init.d | tar -tf - | sort
cp -r /etc /tmp/etc && diff -r /etc /tmp/etc && echo same
gzip -c /bin/busybox | gunzip | cmp - /bin/busybox && echo same
