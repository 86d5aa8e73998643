# build_id: one hash of all that decides what code generators write, as a C header. The object cache has it in its keys, so
# that objects of another build of spc, be its version the same, are no hits. It depends on nothing but those files.
#
#     cmake -DROOT=... -DOUTPUT=... -P build_id.cmake
file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/backends/*.c ${ROOT}/backends/*.h ${ROOT}/backends/*.def ${ROOT}/ir/*.c
     ${ROOT}/ir/*.h ${ROOT}/ir/*.def)
list(SORT files)
set(all "")
foreach(file ${files})
  file(SHA256 ${ROOT}/${file} hash)
  string(APPEND all "${file} ${hash}\n")
endforeach()
string(SHA256 id "${all}")
file(WRITE ${OUTPUT} "#define SPC_BUILD_ID \"${id}\"\n")
