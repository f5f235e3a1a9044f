/* upgrade_5.h — the step from version 4 to 5, after upgrade_5.sql. */
#ifndef STORE_UPGRADE_5_H
#define STORE_UPGRADE_5_H

#include "mailserver/store/db.h"

/* In the transaction of the upgrade. */
MUST_CHECK enum err upgrade_5_run(struct db *db);

#endif
