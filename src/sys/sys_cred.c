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

static long install_ids(struct cred *cred)
{
	cred_fix_capabilities(cred, current_cred());
	cred_install(cred);
	return 0;
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

/* ---- user ids ---- */

static bool uid_is_mine(const struct cred *cred, u32 uid)
{
	return uid == KEEP || uid == cred->uid || uid == cred->euid || uid == cred->suid;
}

static bool gid_is_mine(const struct cred *cred, u32 gid)
{
	return gid == KEEP || gid == cred->gid || gid == cred->egid || gid == cred->sgid;
}

SYSCALL(setuid)
{
	const struct cred *old = current_cred();
	u32 uid = (u32)args[0];
	struct cred *cred;

	if (uid == KEEP)
		return -EINVAL;
	if (!capable(CAP_SETUID) && uid != old->uid && uid != old->suid)
		return -EPERM;
	cred = cred_dup(old);
	if (!cred)
		return -ENOMEM;
	if (capable(CAP_SETUID))
		cred->uid = cred->suid = uid;
	cred->euid = cred->fsuid = uid;
	return install_ids(cred);
}

SYSCALL(setreuid)
{
	const struct cred *old = current_cred();
	u32 uid = (u32)args[0], euid = (u32)args[1];
	struct cred *cred;

	if (!capable(CAP_SETUID) &&
	    ((uid != KEEP && uid != old->uid && uid != old->euid) || !uid_is_mine(old, euid)))
		return -EPERM;
	cred = cred_dup(old);
	if (!cred)
		return -ENOMEM;
	if (uid != KEEP)
		cred->uid = uid;
	if (euid != KEEP)
		cred->euid = euid;
	if (uid != KEEP || (euid != KEEP && euid != old->uid))
		cred->suid = cred->euid;
	cred->fsuid = cred->euid;
	return install_ids(cred);
}

SYSCALL(setresuid)
{
	const struct cred *old = current_cred();
	u32 uid = (u32)args[0], euid = (u32)args[1], suid = (u32)args[2];
	struct cred *cred;

	if (!capable(CAP_SETUID) &&
	    !(uid_is_mine(old, uid) && uid_is_mine(old, euid) && uid_is_mine(old, suid)))
		return -EPERM;
	cred = cred_dup(old);
	if (!cred)
		return -ENOMEM;
	if (uid != KEEP)
		cred->uid = uid;
	if (euid != KEEP)
		cred->euid = euid;
	if (suid != KEEP)
		cred->suid = suid;
	cred->fsuid = cred->euid;
	return install_ids(cred);
}

/* Reports no errors: the result is the id from before, whatever happened. */
SYSCALL(setfsuid)
{
	const struct cred *old = current_cred();
	u32 uid = (u32)args[0], before = old->fsuid;
	u64 fs_caps = BIT64(CAP_CHOWN) | BIT64(CAP_MKNOD) | BIT64(CAP_DAC_OVERRIDE) |
		      BIT64(CAP_DAC_READ_SEARCH) | BIT64(CAP_FOWNER) | BIT64(CAP_FSETID) |
		      BIT64(CAP_LINUX_IMMUTABLE) | BIT64(CAP_MAC_OVERRIDE);
	struct cred *cred;

	if (uid == KEEP || uid == before || (!uid_is_mine(old, uid) && !capable(CAP_SETUID)))
		return before;
	cred = cred_dup(old);
	if (!cred)
		return before;
	cred->fsuid = uid;
	if (before == 0 && uid != 0)
		cred->cap_effective &= ~fs_caps;
	if (before != 0 && uid == 0)
		cred->cap_effective |= cred->cap_permitted & fs_caps;
	cred_install(cred);
	return before;
}

/* ---- group ids ---- */

SYSCALL(setgid)
{
	const struct cred *old = current_cred();
	u32 gid = (u32)args[0];
	struct cred *cred;

	if (gid == KEEP)
		return -EINVAL;
	if (!capable(CAP_SETGID) && gid != old->gid && gid != old->sgid)
		return -EPERM;
	cred = cred_dup(old);
	if (!cred)
		return -ENOMEM;
	if (capable(CAP_SETGID))
		cred->gid = cred->sgid = gid;
	cred->egid = cred->fsgid = gid;
	cred_install(cred);
	return 0;
}

SYSCALL(setregid)
{
	const struct cred *old = current_cred();
	u32 gid = (u32)args[0], egid = (u32)args[1];
	struct cred *cred;

	if (!capable(CAP_SETGID) &&
	    ((gid != KEEP && gid != old->gid && gid != old->egid) || !gid_is_mine(old, egid)))
		return -EPERM;
	cred = cred_dup(old);
	if (!cred)
		return -ENOMEM;
	if (gid != KEEP)
		cred->gid = gid;
	if (egid != KEEP)
		cred->egid = egid;
	if (gid != KEEP || (egid != KEEP && egid != old->gid))
		cred->sgid = cred->egid;
	cred->fsgid = cred->egid;
	cred_install(cred);
	return 0;
}

SYSCALL(setresgid)
{
	const struct cred *old = current_cred();
	u32 gid = (u32)args[0], egid = (u32)args[1], sgid = (u32)args[2];
	struct cred *cred;

	if (!capable(CAP_SETGID) &&
	    !(gid_is_mine(old, gid) && gid_is_mine(old, egid) && gid_is_mine(old, sgid)))
		return -EPERM;
	cred = cred_dup(old);
	if (!cred)
		return -ENOMEM;
	if (gid != KEEP)
		cred->gid = gid;
	if (egid != KEEP)
		cred->egid = egid;
	if (sgid != KEEP)
		cred->sgid = sgid;
	cred->fsgid = cred->egid;
	cred_install(cred);
	return 0;
}

SYSCALL(setfsgid)
{
	const struct cred *old = current_cred();
	u32 gid = (u32)args[0], before = old->fsgid;
	struct cred *cred;

	if (gid == KEEP || gid == before || (!gid_is_mine(old, gid) && !capable(CAP_SETGID)))
		return before;
	cred = cred_dup(old);
	if (!cred)
		return before;
	cred->fsgid = gid;
	cred_install(cred);
	return before;
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
