# integer literals beyond 63 bits, and the one that a minus cannot save
spc-opt model.sdl
=== model.sdl
const a = 9223372036854775808;
const b = -9223372036854775808;
const c = 99999999999999999999999;
const e = 9223372036854775807;
=== expect 1
model.sdl:1:11: error: the integer 9223372036854775808 is over 9223372036854775807; -9223372036854775808 cannot be written, as the minus applies to a positive literal
const a = 9223372036854775808;
          ^~~~~~~~~~~~~~~~~~~
model.sdl:2:12: error: the integer 9223372036854775808 is over 9223372036854775807; -9223372036854775808 cannot be written, as the minus applies to a positive literal
const b = -9223372036854775808;
           ^~~~~~~~~~~~~~~~~~~
model.sdl:3:11: error: the integer 99999999999999999999999 is over 9223372036854775807
const c = 99999999999999999999999;
          ^~~~~~~~~~~~~~~~~~~~~~~
