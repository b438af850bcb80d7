/* SPDX-License-Identifier: MIT */
/* What a program must at least do to start, print and end. */
#include <stdio.h>

int main(void)
{
    puts("hello 0.1.0");
    return 0;
}
