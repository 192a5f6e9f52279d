/* How root= names a device. */
#ifndef ARAMID_VFS_ROOT_DEVICE_H
#define ARAMID_VFS_ROOT_DEVICE_H

struct block_device;

/*
 * "/dev/vda2" or "vda2", "254:2", "PARTUUID=" (a GPT's GUID, or an MBR's "12345678-02"),
 * "PARTLABEL=", "UUID=" or "LABEL=" of the volume on it. The first that matches; NULL if none does.
 * May read from every disk.
 */
struct block_device *root_device_find(const char *spec);

#endif
