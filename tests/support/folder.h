/* SPDX-License-Identifier: MIT */
/*
 * folder.h - a folder of the test program's own, as cmocka's set-up and tear-down.
 */
#ifndef CW_TESTS_SUPPORT_FOLDER_H
#define CW_TESTS_SUPPORT_FOLDER_H

/* Its path, short enough for sockets in it; "" when there is none. */
extern char folder[32];

/* folder_make - a new one, empty; folder_remove - it is gone, with all that is in it.  0: done. */
int folder_make(void **state);
int folder_remove(void **state);

#endif
