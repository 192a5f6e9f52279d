#include "fuse_int.h"

#include <stdlib.h>

#include "common.h"
#include "lib/hash.h"

#define BUCKETS 65536u

static pthread_mutex_t nodes_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct node *buckets[BUCKETS]; /* nodes_mutex */
static struct node *root;
static pthread_mutex_t handles_mutex = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(handles); /* handles_mutex */

static struct node **bucket_of(u64 ino)
{
	return &buckets[hash_u64(ino) % BUCKETS];
}

int nodes_start(void)
{
	struct vfs_stat st;
	struct path path;
	int err = path_lookup(ROOT, "/", LOOKUP_FOLLOW, &path);

	if (!err)
		err = vfs_stat_path(&path, &st);
	if (!err)
		root = node_get(&path, st.ino);
	return err;
}

void nodes_end(void)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		while (buckets[i]) {
			struct node *node = buckets[i];

			buckets[i] = node->next;
			path_put(&node->path);
			free(node);
		}
	while (!list_empty(&handles))
		handle_drop(list_first_entry(&handles, struct handle, node));
}

struct node *node_of(fuse_ino_t ino)
{
	return ino == FUSE_ROOT_ID ? root : (struct node *)(uintptr_t)ino;
}

fuse_ino_t node_id(const struct node *node)
{
	return node == root ? FUSE_ROOT_ID : (fuse_ino_t)(uintptr_t)node;
}

struct node *node_get(const struct path *path, u64 ino)
{
	struct node **bucket = bucket_of(ino), *node;

	pthread_mutex_lock(&nodes_mutex);
	for (node = *bucket; node && node->ino != ino; node = node->next)
		;
	if (node) {
		node->lookups++;
	} else {
		node = need_memory(sizeof(*node));
		*node = (struct node){.next = *bucket, .ino = ino, .lookups = 1, .path = *path};
		*bucket = node;
		path = NULL;
	}
	pthread_mutex_unlock(&nodes_mutex);
	if (path)
		path_put(path);
	return node;
}

void node_forget(fuse_ino_t ino, u64 lookups)
{
	struct node *node = node_of(ino), **at;
	bool gone;

	if (node == root)
		return;
	pthread_mutex_lock(&nodes_mutex);
	node->lookups -= lookups < node->lookups ? lookups : node->lookups;
	gone = node->lookups == 0;
	if (gone) {
		for (at = bucket_of(node->ino); *at != node; at = &(*at)->next)
			;
		*at = node->next;
	}
	pthread_mutex_unlock(&nodes_mutex);
	if (gone) {
		path_put(&node->path);
		free(node);
	}
}

struct handle *handle_new(struct file *file)
{
	struct handle *handle = need_memory(sizeof(*handle));

	handle->file = file;
	pthread_mutex_init(&handle->mutex, NULL);
	pthread_mutex_lock(&handles_mutex);
	list_add_tail(&handle->node, &handles);
	pthread_mutex_unlock(&handles_mutex);
	return handle;
}

void handle_drop(struct handle *handle)
{
	pthread_mutex_lock(&handles_mutex);
	list_del(&handle->node);
	pthread_mutex_unlock(&handles_mutex);
	file_put(handle->file);
	pthread_mutex_destroy(&handle->mutex);
	free(handle);
}
