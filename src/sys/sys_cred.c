/*
 * The system calls that read and change credentials (credentials(7), capabilities(7)).
 *
 * A change makes a private copy of the thread's credentials, and installs it. POSIX wants it for
 * all threads of the process; as on Linux, that is the C library's business.
 */
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/securebits.h>

#include "lib/sort.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "sys/process_int.h"
#include "sys/sys_cred.h"
#include "sys/syscall.h"

#define KEEP ((u32)-1)

void cred_install(struct cred *cred)
{
	struct thread *self = thread_current();
	const struct cred *old = self->cred;

	if (cred->euid != old->euid || cred->egid != old->egid || cred->fsuid != old->fsuid ||
	    cred->fsgid != old->fsgid)
		self->process->dumpable = 0;
	spin_lock(&self->lock);
	self->cred = cred;
	spin_unlock(&self->lock);
	cred_put(old);
}

static void cred_swap(const struct cred *cred)
{
	struct thread *self = thread_current();

	spin_lock(&self->lock);
	self->cred = cred;
	spin_unlock(&self->lock);
}

int cred_real_ids_enter(const struct cred **saved)
{
	const struct cred *old = current_cred();
	struct cred *cred;

	*saved = NULL;
	if (old->uid == old->fsuid && old->gid == old->fsgid)
		return 0;
	cred = cred_dup(old);
	if (!cred)
		return -ENOMEM;
	cred->fsuid = cred->uid;
	cred->fsgid = cred->gid;
	if (!(cred->securebits & SECBIT_NO_SETUID_FIXUP))
		cred->cap_effective = cred->uid ? 0 : cred->cap_permitted;
	*saved = old;
	cred_swap(cred);
	return 0;
}

void cred_real_ids_leave(const struct cred *saved)
{
	const struct cred *temporary = current_cred();

	if (!saved)
		return;
	cred_swap(saved);
	cred_put(temporary);
}

/* Capabilities follow user ids that leave or enter 0. */
static void cred_fix_capabilities(struct cred *cred, const struct cred *old)
{
	bool had_root = old->uid == 0 || old->euid == 0 || old->suid == 0;
	bool has_root = cred->uid == 0 || cred->euid == 0 || cred->suid == 0;

	if (cred->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (had_root && !has_root) {
		if (!(cred->securebits & SECBIT_KEEP_CAPS)) {
			cred->cap_permitted = 0;
			cred->cap_effective = 0;
		}
		cred->cap_ambient = 0;
	}
	if (old->euid == 0 && cred->euid != 0)
		cred->cap_effective = 0;
	if (old->euid != 0 && cred->euid == 0)
		cred->cap_effective = cred->cap_permitted;
}

/* ---- reading ---- */

SYSCALL(getuid)
{
	return current_cred()->uid;
}

SYSCALL(geteuid)
{
	return current_cred()->euid;
}

SYSCALL(getgid)
{
	return current_cred()->gid;
}

SYSCALL(getegid)
{
	return current_cred()->egid;
}

static long put_three(const unsigned long args[3], u32 a, u32 b, u32 c)
{
	if (put_user(a, (u32 __user *)args[0]) || put_user(b, (u32 __user *)args[1]) ||
	    put_user(c, (u32 __user *)args[2]))
		return -EFAULT;
	return 0;
}

SYSCALL(getresuid)
{
	const struct cred *cred = current_cred();
	return put_three(args, cred->uid, cred->euid, cred->suid);
}

SYSCALL(getresgid)
{
	const struct cred *cred = current_cred();
	return put_three(args, cred->gid, cred->egid, cred->sgid);
}

/* ---- user and group ids: the same rules for both ---- */

struct ids {
	u32 real, effective, saved, fs;
};

static struct ids ids_of(const struct cred *cred, bool group)
{
	return group ? (struct ids){cred->gid, cred->egid, cred->sgid, cred->fsgid}
		     : (struct ids){cred->uid, cred->euid, cred->suid, cred->fsuid};
}

/* A copy of the running thread's credentials with other ids; NULL: no memory. */
static struct cred *cred_with_ids(bool group, const struct ids *ids)
{
	struct cred *cred = cred_dup(current_cred());

	if (!cred)
		return NULL;
	if (group) {
		cred->gid = ids->real;
		cred->egid = ids->effective;
		cred->sgid = ids->saved;
		cred->fsgid = ids->fs;
	} else {
		cred->uid = ids->real;
		cred->euid = ids->effective;
		cred->suid = ids->saved;
		cred->fsuid = ids->fs;
		cred_fix_capabilities(cred, current_cred());
	}
	return cred;
}

static long ids_install(bool group, const struct ids *ids)
{
	struct cred *cred = cred_with_ids(group, ids);

	if (!cred)
		return -ENOMEM;
	cred_install(cred);
	return 0;
}

static bool may_set_ids(bool group)
{
	return capable(group ? CAP_SETGID : CAP_SETUID);
}

static bool id_is_mine(const struct ids *ids, u32 id)
{
	return id == KEEP || id == ids->real || id == ids->effective || id == ids->saved;
}

static long ids_set(bool group, u32 id)
{
	struct ids ids = ids_of(current_cred(), group);

	if (id == KEEP)
		return -EINVAL;
	if (may_set_ids(group))
		ids.real = ids.saved = id;
	else if (id != ids.real && id != ids.saved)
		return -EPERM;
	ids.effective = ids.fs = id;
	return ids_install(group, &ids);
}

static long ids_set_real_effective(bool group, u32 real, u32 effective)
{
	const struct ids old = ids_of(current_cred(), group);
	struct ids ids = old;

	if (!may_set_ids(group) && ((real != KEEP && real != old.real && real != old.effective) ||
				    !id_is_mine(&old, effective)))
		return -EPERM;
	if (real != KEEP)
		ids.real = real;
	if (effective != KEEP)
		ids.effective = effective;
	if (real != KEEP || (effective != KEEP && effective != old.real))
		ids.saved = ids.effective;
	ids.fs = ids.effective;
	return ids_install(group, &ids);
}

static long ids_set_all(bool group, const unsigned long args[3])
{
	struct ids ids = ids_of(current_cred(), group);
	u32 *fields[] = {&ids.real, &ids.effective, &ids.saved};

	for (int i = 0; i < 3; i++)
		if (!id_is_mine(&ids, (u32)args[i]) && !may_set_ids(group))
			return -EPERM;
	for (int i = 0; i < 3; i++)
		if ((u32)args[i] != KEEP)
			*fields[i] = (u32)args[i];
	ids.fs = ids.effective;
	return ids_install(group, &ids);
}

/* What a file system user id of 0 stands for. */
static void cred_fix_fs_capabilities(struct cred *cred, u32 before)
{
	const u64 fs_caps = BIT64(CAP_CHOWN) | BIT64(CAP_MKNOD) | BIT64(CAP_DAC_OVERRIDE) |
			    BIT64(CAP_DAC_READ_SEARCH) | BIT64(CAP_FOWNER) | BIT64(CAP_FSETID) |
			    BIT64(CAP_LINUX_IMMUTABLE) | BIT64(CAP_MAC_OVERRIDE);

	if (before == 0 && cred->fsuid != 0)
		cred->cap_effective &= ~fs_caps;
	if (before != 0 && cred->fsuid == 0)
		cred->cap_effective |= cred->cap_permitted & fs_caps;
}

/* Reports no errors: the result is the id from before, whatever happened. */
static u32 id_set_fs(bool group, u32 id)
{
	struct ids ids = ids_of(current_cred(), group);
	u32 before = ids.fs;
	struct cred *cred;

	if (id == KEEP || id == before || (!id_is_mine(&ids, id) && !may_set_ids(group)))
		return before;
	ids.fs = id;
	cred = cred_with_ids(group, &ids);
	if (!cred)
		return before;
	if (!group)
		cred_fix_fs_capabilities(cred, before);
	cred_install(cred);
	return before;
}

SYSCALL(setuid)
{
	return ids_set(false, (u32)args[0]);
}

SYSCALL(setgid)
{
	return ids_set(true, (u32)args[0]);
}

SYSCALL(setreuid)
{
	return ids_set_real_effective(false, (u32)args[0], (u32)args[1]);
}

SYSCALL(setregid)
{
	return ids_set_real_effective(true, (u32)args[0], (u32)args[1]);
}

SYSCALL(setresuid)
{
	return ids_set_all(false, args);
}

SYSCALL(setresgid)
{
	return ids_set_all(true, args);
}

SYSCALL(setfsuid)
{
	return id_set_fs(false, (u32)args[0]);
}

SYSCALL(setfsgid)
{
	return id_set_fs(true, (u32)args[0]);
}

/* ---- supplementary groups ---- */

SYSCALL(getgroups)
{
	const struct cred *cred = current_cred();
	int size = (int)args[0];

	if (size < 0)
		return -EINVAL;
	if (size == 0)
		return cred->group_count;
	if ((u32)size < cred->group_count)
		return -EINVAL;
	if (cred->group_count &&
	    copy_to_user((void __user *)args[1], cred->groups, cred->group_count * sizeof(u32)))
		return -EFAULT;
	return cred->group_count;
}

static int compare_groups(const void *a, const void *b)
{
	u32 left = *(const u32 *)a, right = *(const u32 *)b;
	return left < right ? -1 : left > right;
}

SYSCALL(setgroups)
{
	int count = (int)args[0];
	struct cred *cred;
	u32 *groups = NULL;

	if (!capable(CAP_SETGID))
		return -EPERM;
	if (count < 0 || count > CRED_GROUPS_MAX)
		return -EINVAL;
	if (count) {
		groups = kmalloc((size_t)count * sizeof(u32), MM_NORMAL);
		if (!groups)
			return -ENOMEM;
		if (copy_from_user(groups, (const void __user *)args[1],
				   (size_t)count * sizeof(u32))) {
			kfree(groups);
			return -EFAULT;
		}
		sort(groups, (size_t)count, sizeof(u32), compare_groups);
	}
	cred = cred_dup(current_cred());
	if (!cred) {
		kfree(groups);
		return -ENOMEM;
	}
	kfree(cred->groups);
	cred->groups = groups;
	cred->group_count = (u32)count;
	cred_install(cred);
	return 0;
}

/* ---- capabilities ---- */

/* Number of 32-bit words of the header's version; -EINVAL, having written the version we like. */
static int cap_words(struct __user_cap_header_struct __user *user,
		     struct __user_cap_header_struct *header)
{
	u32 preferred = _LINUX_CAPABILITY_VERSION_3;

	if (copy_from_user(header, user, sizeof(*header)))
		return -EFAULT;
	switch (header->version) {
	case _LINUX_CAPABILITY_VERSION_1:
		return 1;
	case _LINUX_CAPABILITY_VERSION_2:
	case _LINUX_CAPABILITY_VERSION_3:
		return 2;
	default:
		return put_user(preferred, &user->version) ? -EFAULT : -EINVAL;
	}
}

SYSCALL(capget)
{
	struct __user_cap_header_struct __user *user =
	    (struct __user_cap_header_struct __user *)args[0];
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct data[2];
	const struct cred *cred;
	int words = cap_words(user, &header);

	if (words < 0)
		return words == -EINVAL && !args[1] ? 0 : words;
	if (header.pid < 0)
		return -EINVAL;
	if (header.pid && header.pid != thread_current()->tid) {
		struct thread *thread = thread_find(header.pid);
		if (!thread)
			return -ESRCH;
		cred = thread_cred_get(thread);
		thread_put(thread);
	} else {
		cred = current_cred();
		cred_get(cred);
	}
	for (int i = 0; i < 2; i++) {
		data[i].effective = (u32)(cred->cap_effective >> (32 * i));
		data[i].permitted = (u32)(cred->cap_permitted >> (32 * i));
		data[i].inheritable = (u32)(cred->cap_inheritable >> (32 * i));
	}
	cred_put(cred);
	return args[1] ? copy_to_user((void __user *)args[1], data, (size_t)words * sizeof(data[0]))
		       : 0;
}

SYSCALL(capset)
{
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct data[2];
	const struct cred *old = current_cred();
	u64 effective, permitted, inheritable, all = (1ull << (CAP_LAST_CAP + 1)) - 1;
	struct cred *cred;
	int words = cap_words((struct __user_cap_header_struct __user *)args[0], &header);

	if (words < 0)
		return words;
	if (header.pid && header.pid != thread_current()->tid)
		return -EPERM;
	memset(data, 0, sizeof(data));
	if (copy_from_user(data, (const void __user *)args[1], (size_t)words * sizeof(data[0])))
		return -EFAULT;
	effective = (data[0].effective | (u64)data[1].effective << 32) & all;
	permitted = (data[0].permitted | (u64)data[1].permitted << 32) & all;
	inheritable = (data[0].inheritable | (u64)data[1].inheritable << 32) & all;
	if ((permitted & ~old->cap_permitted) || (effective & ~permitted))
		return -EPERM;
	if ((inheritable & ~(old->cap_inheritable | old->cap_permitted)) && !capable(CAP_SETPCAP))
		return -EPERM;
	if (inheritable & ~(old->cap_inheritable | old->cap_bounding))
		return -EPERM;
	cred = cred_dup(old);
	if (!cred)
		return -ENOMEM;
	cred->cap_effective = effective;
	cred->cap_permitted = permitted;
	cred->cap_inheritable = inheritable;
	cred->cap_ambient &= permitted & inheritable;
	cred_install(cred);
	return 0;
}

/* ---- prctl's part ---- */

static long ambient_control(const unsigned long args[6])
{
	const struct cred *old = current_cred();
	struct cred *cred;

	if (args[1] == PR_CAP_AMBIENT_CLEAR_ALL ? args[2] || args[3] || args[4]
						: args[2] > CAP_LAST_CAP || args[3] || args[4])
		return -EINVAL;
	switch (args[1]) {
	case PR_CAP_AMBIENT_IS_SET:
		return !!(old->cap_ambient & BIT64(args[2]));
	case PR_CAP_AMBIENT_RAISE:
		if (!(old->cap_permitted & old->cap_inheritable & BIT64(args[2])) ||
		    (old->securebits & SECBIT_NO_CAP_AMBIENT_RAISE))
			return -EPERM;
		break;
	case PR_CAP_AMBIENT_LOWER:
	case PR_CAP_AMBIENT_CLEAR_ALL:
		break;
	default:
		return -EINVAL;
	}
	cred = cred_dup(old);
	if (!cred)
		return -ENOMEM;
	if (args[1] == PR_CAP_AMBIENT_RAISE)
		cred->cap_ambient |= BIT64(args[2]);
	else if (args[1] == PR_CAP_AMBIENT_LOWER)
		cred->cap_ambient &= ~BIT64(args[2]);
	else
		cred->cap_ambient = 0;
	cred_install(cred);
	return 0;
}

static int securebits_may_set(u32 old, u32 new)
{
	if (new & ~(u32)(SECURE_ALL_BITS | SECURE_ALL_LOCKS))
		return -EPERM;
	/* A locked bit and its lock stay. */
	if (((old & SECURE_ALL_LOCKS) >> 1) & (old ^ new))
		return -EPERM;
	if (old & SECURE_ALL_LOCKS & ~new)
		return -EPERM;
	return capable(CAP_SETPCAP) ? 0 : -EPERM;
}

/* Changes one thing in a copy of the credentials. */
static long cred_change(u32 securebits, u64 bounding, bool no_new_privs)
{
	struct cred *cred = cred_dup(current_cred());

	if (!cred)
		return -ENOMEM;
	cred->securebits = securebits;
	cred->cap_bounding = bounding;
	cred->no_new_privs = no_new_privs;
	cred_install(cred);
	return 0;
}

long cred_prctl(const unsigned long args[6])
{
	const struct cred *cred = current_cred();
	int err;

	switch ((int)args[0]) {
	case PR_GET_KEEPCAPS:
		return !!(cred->securebits & SECBIT_KEEP_CAPS);
	case PR_SET_KEEPCAPS:
		if (args[1] > 1)
			return -EINVAL;
		if (cred->securebits & SECBIT_KEEP_CAPS_LOCKED)
			return -EPERM;
		return cred_change((cred->securebits & ~(u32)SECBIT_KEEP_CAPS) |
				       (args[1] ? SECBIT_KEEP_CAPS : 0),
				   cred->cap_bounding, cred->no_new_privs);
	case PR_GET_SECUREBITS:
		return cred->securebits;
	case PR_SET_SECUREBITS:
		err = securebits_may_set(cred->securebits, (u32)args[1]);
		return err ? err
			   : cred_change((u32)args[1], cred->cap_bounding, cred->no_new_privs);
	case PR_CAPBSET_READ:
		return args[1] > CAP_LAST_CAP ? -EINVAL : !!(cred->cap_bounding & BIT64(args[1]));
	case PR_CAPBSET_DROP:
		if (!capable(CAP_SETPCAP))
			return -EPERM;
		if (args[1] > CAP_LAST_CAP)
			return -EINVAL;
		return cred_change(cred->securebits, cred->cap_bounding & ~BIT64(args[1]),
				   cred->no_new_privs);
	case PR_GET_NO_NEW_PRIVS:
		return args[1] || args[2] || args[3] || args[4] ? -EINVAL : cred->no_new_privs;
	case PR_SET_NO_NEW_PRIVS:
		if (args[1] != 1 || args[2] || args[3] || args[4])
			return -EINVAL;
		return cred_change(cred->securebits, cred->cap_bounding, true);
	case PR_CAP_AMBIENT:
		return ambient_control(args);
	default:
		return -EINVAL;
	}
}
