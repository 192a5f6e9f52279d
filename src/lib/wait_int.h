/*
 * For lib's own sleeping primitives: waking with the queue's lock held already.
 */
#ifndef ARAMID_LIB_WAIT_INT_H
#define ARAMID_LIB_WAIT_INT_H

#include "lib/wait.h"

void wait_queue_wake_locked(struct wait_queue *queue, unsigned int nr, unsigned int key)
    __needs(queue->lock);

#endif
