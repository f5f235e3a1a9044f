/* lane.h — the store's three pools. */
#ifndef STORE_LANE_H
#define STORE_LANE_H

#include "engine.h"

/* After the writer and the readers are open. Without a hub there are no pools, only store_run. */
MUST_CHECK enum err lanes_start(struct store *s, struct error *reterr);
/* Finishes what waits, and answers it. */
void lanes_stop(struct store *s);

#endif
