# twenty errors are shown, the others counted
spc-opt model.sdl
=== model.sdl
layer f(x: f32[4]) -> y: f32[4] {
  a0 = q0;
  a1 = q1;
  a2 = q2;
  a3 = q3;
  a4 = q4;
  a5 = q5;
  a6 = q6;
  a7 = q7;
  a8 = q8;
  a9 = q9;
  a10 = q10;
  a11 = q11;
  a12 = q12;
  a13 = q13;
  a14 = q14;
  a15 = q15;
  a16 = q16;
  a17 = q17;
  a18 = q18;
  a19 = q19;
  a20 = q20;
  a21 = q21;
  a22 = q22;
  a23 = q23;
  a24 = q24;
  y = x;
}
=== expect 1
model.sdl:2:8: error: 'q0' is not defined
  a0 = q0;
       ^~
model.sdl:3:8: error: 'q1' is not defined
  a1 = q1;
       ^~
model.sdl:4:8: error: 'q2' is not defined
  a2 = q2;
       ^~
model.sdl:5:8: error: 'q3' is not defined
  a3 = q3;
       ^~
model.sdl:6:8: error: 'q4' is not defined
  a4 = q4;
       ^~
model.sdl:7:8: error: 'q5' is not defined
  a5 = q5;
       ^~
model.sdl:8:8: error: 'q6' is not defined
  a6 = q6;
       ^~
model.sdl:9:8: error: 'q7' is not defined
  a7 = q7;
       ^~
model.sdl:10:8: error: 'q8' is not defined
  a8 = q8;
       ^~
model.sdl:11:8: error: 'q9' is not defined
  a9 = q9;
       ^~
model.sdl:12:9: error: 'q10' is not defined
  a10 = q10;
        ^~~
model.sdl:13:9: error: 'q11' is not defined
  a11 = q11;
        ^~~
model.sdl:14:9: error: 'q12' is not defined
  a12 = q12;
        ^~~
model.sdl:15:9: error: 'q13' is not defined
  a13 = q13;
        ^~~
model.sdl:16:9: error: 'q14' is not defined
  a14 = q14;
        ^~~
model.sdl:17:9: error: 'q15' is not defined
  a15 = q15;
        ^~~
model.sdl:18:9: error: 'q16' is not defined
  a16 = q16;
        ^~~
model.sdl:19:9: error: 'q17' is not defined
  a17 = q17;
        ^~~
model.sdl:20:9: error: 'q18' is not defined
  a18 = q18;
        ^~~
model.sdl:21:9: error: 'q19' is not defined
  a19 = q19;
        ^~~
5 more errors are not shown
