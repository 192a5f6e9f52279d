#: What ps, mount, df, free, dmesg, uname and /proc tell, as far as it does not depend on the machine.
#: cpus 1
ps | awk '$1 == 1 { print $1, $NF }'
ps -o pid,ppid,comm | awk '$3 == "init" { print }' | tr -s ' '
mount | awk '$3 == "/" || $3 == "/proc" || $3 == "/tmp" { print $1, $3, $5 }' | sed 's,^/dev/root,/dev/vda,'
df -k / | awk 'NR == 2 { print ($2 > 100000), ($3 > 1000), ($4 > 10000), $6 }'
df -i / | awk 'NR == 2 { print ($2 > 1000), ($4 > 100), $6 }'
free | awk '/^Mem:/ { print ($2 > 10000), ($3 > 0), ($4 > 0) }'
dmesg | awk 'END { print (NR > 5) }'
uname -s -m; uname -n
hostname
cat /proc/cpuinfo | grep -c '^processor'
grep -c '^flags' /proc/cpuinfo
awk '/^(MemTotal|MemFree|MemAvailable|Buffers|Cached):/ { print $1, ($2 >= 0), $3 }' /proc/meminfo
awk '{ print NF }' /proc/loadavg
awk '{ print ($1 > 0), NF }' /proc/uptime
awk '$2 == "/" { print $2, $3, NF }' /proc/mounts
readlink /proc/self/exe; readlink /proc/self/cwd; readlink /proc/self/root
tr '\0' ' ' </proc/self/cmdline; echo
awk '/^(Name|State|PPid|Uid|Gid|Threads):/ { print $1 }' /proc/self/status
grep -c ' \[stack\]$' /proc/self/maps
ls /proc/self/fd | head -n 3
awk '{ print $2, NF > 40 }' /proc/self/stat
cat /proc/1/comm
ls -d /proc/[0-9]* | wc -l | awk '{ print ($1 > 1) }'
cat /proc/filesystems | grep -c -w -e ext2 -e ext4 -e tmpfs -e proc
grep -c vda /proc/partitions
cat /sys/block/vda/size
cat /sys/class/block/vda/dev
ls -l /dev/null /dev/zero /dev/full | awk '{ print $1, $5, $6, $NF }'
uptime | grep -c 'load average'
top -b -n 1 | head -n 1 | grep -c '^Mem:'
cat /proc/sys/kernel/ostype
id
whoami
date +%Y | awk '{ print ($1 > 2020) }'
