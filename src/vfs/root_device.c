/* Finding the device that root= names. See root_device.h. */
#include "vfs/root_device.h"

#include "lib/log.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "lib/uuid.h"
#include "vfs/block.h"
#include "vfs/inode.h"

struct device_search {
	bool (*matches)(struct block_device *bdev, const struct device_search *search);
	const char *text; /* behind the '=' */
	struct uuid uuid;
	struct block_device *found;
};

static int search_step(struct block_device *bdev, void *arg)
{
	struct device_search *search = arg;

	if (search->matches(bdev, search)) {
		search->found = bdev;
		return 1;
	}
	return 0;
}

static struct block_device *search_all(struct device_search *search)
{
	(void)block_for_each(search_step, search);
	return search->found;
}

/* ---- by partition ---- */

/* "12345678-02": disk signature and partition number of an MBR, both hexadecimal. */
static bool mbr_partuuid_matches(const struct block_device *bdev, const char *text)
{
	u64 signature, number;

	if (parse_digits(&text, 16, &signature) || *text++ != '-' ||
	    parse_digits(&text, 16, &number) || *text)
		return false;
	return le32_load(bdev->partition_uuid) == signature && bdev->partition_uuid[4] == number &&
	       mem_is_zero(bdev->partition_uuid + 5, 11);
}

static bool partuuid_matches(struct block_device *bdev, const struct device_search *search)
{
	struct uuid wanted, uuid;

	if (!bdev->has_partition_uuid)
		return false;
	if (uuid_parse(search->text, &wanted))
		return mbr_partuuid_matches(bdev, search->text);
	uuid_from_guid(bdev->partition_uuid, &uuid);
	return uuid_equal(&uuid, &wanted);
}

static bool partlabel_matches(struct block_device *bdev, const struct device_search *search)
{
	return bdev->partition && !strcmp(bdev->partition_label, search->text);
}

/* ---- by volume ---- */

struct identify_request {
	struct block_device *bdev;
	struct fs_identity identity;
};

static int identify_as(struct fs_type *type, void *arg)
{
	struct identify_request *request = arg;

	return type->identify && !type->identify(request->bdev, &request->identity);
}

static bool identify(struct block_device *bdev, struct fs_identity *out)
{
	struct identify_request request = {.bdev = bdev};

	if (!fs_type_for_each(identify_as, &request))
		return false;
	*out = request.identity;
	return true;
}

static bool uuid_matches(struct block_device *bdev, const struct device_search *search)
{
	struct fs_identity identity;

	return identify(bdev, &identity) && uuid_equal(&identity.uuid, &search->uuid);
}

static bool label_matches(struct block_device *bdev, const struct device_search *search)
{
	struct fs_identity identity;

	return identify(bdev, &identity) && !strcmp(identity.label, search->text);
}

/* ---- by name and number ---- */

static struct block_device *find_number(const char *text)
{
	u64 major, minor;

	if (parse_digits(&text, 10, &major) || *text++ != ':' || parse_digits(&text, 10, &minor) ||
	    *text || major > U32_MAX || minor > U32_MAX)
		return NULL;
	return block_find_number((u32)major, (u32)minor);
}

struct block_device *root_device_find(const char *spec)
{
	static const struct {
		const char *prefix;
		bool (*matches)(struct block_device *bdev, const struct device_search *search);
	} ways[] = {
	    {"PARTUUID=", partuuid_matches},
	    {"PARTLABEL=", partlabel_matches},
	    {"UUID=", uuid_matches},
	    {"LABEL=", label_matches},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(ways); i++) {
		struct device_search search = {.matches = ways[i].matches};

		if (!str_starts_with(spec, ways[i].prefix))
			continue;
		search.text = spec + strlen(ways[i].prefix);
		if (search.matches == uuid_matches && uuid_parse(search.text, &search.uuid)) {
			log_err("vfs: %s: not a UUID", spec);
			return NULL;
		}
		return search_all(&search);
	}
	if (str_starts_with(spec, "/dev/"))
		spec += 5;
	struct block_device *bdev = block_find(spec);
	return bdev ? bdev : find_number(spec);
}
