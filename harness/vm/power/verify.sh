# verify.sh N: everything that was said to be saved is there.
cd /p || exit 1
i=1
while [ $i -le "$1" ]; do
	seq $i $((i + 200)) | cmp -s - keep$i || { echo "keep$i is damaged"; exit 1; }
	[ "$(sed -n ${i}p log)" = "record $i" ] || { echo "record $i is lost"; exit 1; }
	i=$((i + 1))
done
# the present round may be cut off anywhere, but a version is whole, and none from before N - 1
version=$(sed -n 's/^config \([0-9]*\)$/\1/p' config)
[ -n "$version" ] && [ "$version" -ge "$(($1 - 1))" ] || { echo "config is: $(cat config)"; exit 1; }
find . -type f -exec cat {} + >/dev/null || exit 1
echo new >after && sync after && rm -r d || exit 1
echo "all there"
