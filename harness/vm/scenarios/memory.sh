#: Memory runs out for one process, which is killed; the others live.
#: memory 64
#: only aramid
sh -c 'echo before; tail /dev/zero; echo "tail $?"' 2>/dev/null | sed 's/137/killed/; s/tail 1$/killed/'
echo "the shell lives"
dmesg | grep -c -i 'out of memory' | awk '{ print ($1 > 0) }'
