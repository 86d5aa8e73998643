/* export: marks the functions of include/spc, the only symbols that the shared libraries show. */
#ifndef SPC_RT_EXPORT_H
#define SPC_RT_EXPORT_H

#define RT_EXPORT __attribute__((visibility("default")))

#endif
