#include <sys/resource.h>

#include "host_cred.h"
#include "lib/assert.h"

static struct cred root_cred = {
    .refs = 1,
    .cap_effective = (1ull << 41) - 1,
    .cap_permitted = (1ull << 41) - 1,
    .cap_bounding = (1ull << 41) - 1,
};

static struct cred user_cred;
static const struct cred *cred = &root_cred;
static __thread const struct cred *thread_cred;
static struct fs_context *fs;
static __thread struct fs_context *thread_fs;
static struct file_table *files;
static u64 limits[RLIM_NLIMITS];
static u32 limited; /* which of them are set */
static int last_signal;

void host_set_cred(const struct cred *c)
{
	cred = c ? c : &root_cred;
}

void host_set_user(u32 uid, u32 gid)
{
	user_cred = (struct cred){
	    .refs = 1,
	    .uid = uid,
	    .euid = uid,
	    .suid = uid,
	    .fsuid = uid,
	    .gid = gid,
	    .egid = gid,
	    .sgid = gid,
	    .fsgid = gid,
	};
	cred = &user_cred;
}

void host_set_thread_cred(const struct cred *c)
{
	thread_cred = c;
}

const struct cred *current_cred(void)
{
	return thread_cred ? thread_cred : cred;
}

void host_set_fs(struct fs_context *f)
{
	fs = f;
}

void host_set_thread_fs(struct fs_context *f)
{
	thread_fs = f;
}

struct fs_context *current_fs(void)
{
	return thread_fs ? thread_fs : fs;
}

void host_set_files(struct file_table *f)
{
	files = f;
}

struct file_table *current_files(void)
{
	return files;
}

void host_set_rlimit(unsigned int resource, u64 limit)
{
	VERIFY_LT(resource, ARRAY_SIZE(limits));
	limits[resource] = limit;
	limited |= 1u << resource;
}

u64 current_rlimit(unsigned int resource)
{
	VERIFY_LT(resource, ARRAY_SIZE(limits));
	return limited >> resource & 1 ? limits[resource] : U64_MAX;
}

void current_send_signal(int sig)
{
	last_signal = sig;
}

int host_take_signal(void)
{
	int sig = last_signal;

	last_signal = 0;
	return sig;
}
