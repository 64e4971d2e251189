/*
 * returns.h - clients' threads that come back from a driver: see returns.c.
 */
#ifndef HOST_EXPLORE_RETURNS_H
#define HOST_EXPLORE_RETURNS_H

#include "host/explore/strategy.h"

void returns_init(const struct run_request *request);
void returns_begin_run(void);
/* A step that is made: does an image go that a client could still be in? */
void returns_step(const struct operation *operation);
/* In this run it is a schedule point to come back. */
extern bool returns_matter;

#endif
