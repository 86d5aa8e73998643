/* net: a convolutional network as steps that other libraries can run, read from the graph that spc's front end makes of
 * an SDL file. Padding is part of the convolution behind it, activations of the step before them; linear is a convolution of
 * one pixel, mean over all pixels a pooling. */
#ifndef BENCH_NET_H
#define BENCH_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NET_MAX_RANK = 8 };

typedef enum net_kind {
    NET_CONV, NET_DEPTHWISE, NET_ADD, NET_RESIZE, NET_TRANSPOSE,
    NET_MAX, NET_AVERAGE,  /* of windows */
    NET_GATE,              /* x times y, one value for each channel */
    NET_WIDEN, NET_CONCAT, /* channels of zeros behind x; y behind x along `axis` */
    NET_KINDS
} net_kind;

/* What becomes of a step's result, after it is clipped. */
typedef enum net_activation { NET_PLAIN, NET_PRELU, NET_HARD_SWISH, NET_HARD_SIGMOID, NET_SIGMOID } net_activation;

/* A tensor between steps, NHWC where it is an image. */
typedef struct net_value {
    int rank;
    int64_t dims[NET_MAX_RANK];
    int of;   /* holds the same memory as this value, which may be itself */
    int uses; /* as an operand or as a result of the network */
    int step; /* that makes it; -1: an input */
    const char *input, *output; /* its name in the layer; NULL */
} net_value;

typedef struct net_step {
    net_kind kind;
    int x, y;     /* operands; y -1: none. Convolutions add y to their result */
    int out;
    float low, high; /* the result is clipped to; infinite: not */
    net_activation activation;
    const float *slope; /* of NET_PRELU, by channel */
    int axis;
    const float *weights, *bias; /* [out, kh, kw, in] or [kh, kw, c]; bias NULL: none */
    int64_t kernel[2], stride[2], dilation[2];
    int64_t pads[4]; /* top, bottom, left, right */
    bool align, half_pixel;
    int64_t perm[NET_MAX_RANK];
    bool dropped;
} net_step;

typedef struct net {
    const char *layer;
    int values, steps;
    net_value *value;
    net_step *step;
    struct net_source *source; /* owns all of it */
} net;

/* False: told on stderr. Takes the first layer of the file. */
bool net_read(net *, const char *sdl, const char *weights);
void net_free(net *);
/* Lets convolutions add what an addition behind them adds, where nothing else uses their result. */
void net_fuse_additions(net *);
size_t net_bytes(const net_value *);
/* The value's last step; steps + 1 where it is a result of the network. */
int net_last_use(const net *, int value);
int64_t net_channels(const net_value *);
/* Runs a step that only copies: NET_TRANSPOSE, NET_WIDEN, NET_CONCAT. y: the second operand. */
void net_copy(const net *, const net_step *, const float *x, const float *y, float *out);

#endif
