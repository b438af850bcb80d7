/* SPDX-License-Identifier: MIT */
/*
 * http.c - requests of HTTP/1.1 that reach a module which serves the web.
 *
 * Input    the bytes of a connection.
 * Holds    a path begins with '/', is printable and terminated; a refusal leaves the result alone;
 *          what needs more bytes needed them from its first byte on.
 * Plant    services/web/client/http.c s/len == CW_HTTP_PATH_MAX/len == CW_HTTP_PATH_MAX + 8u/
 */
#include "fuzz/input.h"
#include "services/web/client/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len)
{
    struct fuzz_input in = {input, input_len};
    struct cw_http_request request;
    struct cw_http_request before;
    size_t len;
    uint8_t *bytes = fuzz_own(&in, SIZE_MAX, &len);
    memset(&request, 0x5a, sizeof request);
    before = request;
    cw_status status = cw_http_parse(bytes, len, &request);
    if (status == CW_OK) {
        size_t path_len = strnlen(request.path, sizeof request.path);
        FUZZ_HOLDS(path_len >= 1 && path_len < sizeof request.path && request.path[0] == '/');
        for (size_t i = 0; i < path_len; i++) {
            FUZZ_HOLDS(request.path[i] > ' ' && request.path[i] <= '~' && request.path[i] != '?');
        }
    } else {
        FUZZ_HOLDS(memcmp(&before, &request, sizeof request) == 0);
    }
    if (status == CW_AGAIN) {
        for (size_t i = 0; i < len; i++) {
            FUZZ_HOLDS(cw_http_parse(bytes, i, &request) == CW_AGAIN);
        }
    }
    free(bytes);
    return 0;
}
