/* SPDX-License-Identifier: MIT */
#include "silicon/sancus/board.h"
cw_status cw_board_serve(struct cw_chip *chip, const struct cw_board_options *options)
{(void)chip;(void)options;return CW_E_FORM;}
