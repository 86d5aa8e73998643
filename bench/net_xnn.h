/* net_xnn: a network through XNNPACK's subgraph interface, dense or with its sparse path forced. */
#ifndef BENCH_NET_XNN_H
#define BENCH_NET_XNN_H

#include "net.h"

typedef struct net_xnn net_xnn;

/* Additions must not be fused into the network. Of transposes only depth-to-space is taken. NULL: told on stderr. sparse: rewritten to its channel-major layout, where 1x1 convolutions skip zeros. */
net_xnn *net_xnn_new(const net *, float *const *values, bool sparse, int threads);
void net_xnn_free(net_xnn *);
void net_xnn_run(void *net_xnn);

#endif
