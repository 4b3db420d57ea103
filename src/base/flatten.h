// LEAT_FLATTEN: in front of a function where a path that every XADD runs through begins. In release builds all that it calls is
// inlined there, and what that calls, but for functions that are cold or noinline. Elsewhere it is nothing: the sources of a
// module are compiled as one there, and a function would take most of them in.
//
// Who compiles for speed defines it: leat_module() in CMakeLists.txt, for a module's HOT sources.
#pragma once

#ifndef LEAT_FLATTEN
#define LEAT_FLATTEN
#endif
