#ifndef VM_DOMAIN_H
#define VM_DOMAIN_H

#include "guest.h"

/* The libvirt description of a guest, to be freed; NULL when memory is short. */
char *domain_describe(const struct guest_spec *spec);

#endif
