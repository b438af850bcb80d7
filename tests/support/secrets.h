/* SPDX-License-Identifier: MIT */
/*
 * secrets.h - a test program that runs itself under valgrind, which reports every branch and every
 *             address that depends on bytes marked undefined: its secrets.
 *
 * Without valgrind, and under a sanitizer, the macros do nothing and RUNNING_ON_VALGRIND is 0.
 */
#ifndef CW_TESTS_SUPPORT_SECRETS_H
#define CW_TESTS_SUPPORT_SECRETS_H

#include <stdlib.h>
#include <unistd.h>

#if defined(__has_include) && !defined(__SANITIZE_ADDRESS__)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define HAVE_VALGRIND 1
#endif
#endif
#ifndef HAVE_VALGRIND
#define RUNNING_ON_VALGRIND 0
#define VALGRIND_COUNT_ERRORS 0
#define VALGRIND_MAKE_MEM_UNDEFINED(at, len) ((void)(at), (void)(len))
#define VALGRIND_MAKE_MEM_DEFINED(at, len) ((void)(at), (void)(len))
#endif

/* secrets_go_inside - call it first in main(); returns outside if valgrind is not there. */
static inline void secrets_go_inside(char **arguments)
{
#ifdef HAVE_VALGRIND
    static const char mark[] = "CW_CONSTANT_TIME_INSIDE";
    if (RUNNING_ON_VALGRIND || getenv(mark) != NULL || setenv(mark, "1", 1) != 0) {
        return;
    }
    char *inside[] = {(char[]){"valgrind"}, (char[]){"-q"}, arguments[0], NULL};
    execvp(inside[0], inside);
#else
    (void)arguments;
#endif
}

#endif
