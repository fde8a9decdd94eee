# One static library for each folder of src/: bt2c_layer(NAME LIBRARIES...) takes all its sources.
function(bt2c_layer name)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
    if(NOT sources)
        return()
    endif()
    add_library(bt2c_${name} STATIC ${sources})
    target_include_directories(bt2c_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    # The many small files read the same headers: eight at a time take a third of the time.
    if(NOT BT2C_ALONE)
        set_target_properties(bt2c_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
        # Said of a class with a member of the anonymous namespace, where that is in an included file.
        target_compile_options(bt2c_${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
    endif()
    foreach(library ${ARGN})
        # A layer whose folder is still empty has no target.
        if(TARGET ${library} OR NOT library MATCHES "^bt2c_")
            target_link_libraries(bt2c_${name} PUBLIC ${library})
        endif()
    endforeach()
endfunction()

# All test programs, and of the rest only what they need; what sanitizer builds build.
add_custom_target(test_programs)

# One test program for each folder of tests/KIND: bt2c_tests(KIND FOLDER LIBRARIES... [ONE_PROCESS]).
# ctest runs each of its tests in a process of its own, or all in one, where they share a server that starts slowly.
function(bt2c_tests kind folder)
    cmake_parse_arguments(PARSE_ARGV 2 tests "ONE_PROCESS" "" "")
    if(NOT kind IN_LIST BT2C_TEST_KINDS OR (BT2C_TEST_FOLDERS AND NOT folder IN_LIST BT2C_TEST_FOLDERS))
        return()
    endif()
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${kind}/${folder}/*.cpp)
    if(NOT sources)
        return()
    endif()
    set(program ${kind}_${folder})
    add_executable(${program} ${sources})
    target_link_libraries(${program} PRIVATE ${tests_UNPARSED_ARGUMENTS} test_support GTest::gtest_main)
    target_precompile_headers(${program} REUSE_FROM test_support)
    add_dependencies(test_programs ${program})
    if(tests_ONE_PROCESS)
        add_test(NAME ${program} COMMAND ${program})
        set_tests_properties(${program} PROPERTIES LABELS ${kind})
        return()
    endif()
    gtest_discover_tests(${program} DISCOVERY_MODE PRE_TEST PROPERTIES LABELS ${kind})
endfunction()

# Makes a text file of the project a string constant of a layer: bt2c_embed(LAYER FILE NAMESPACE SYMBOL).
function(bt2c_embed layer file namespace symbol)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.cpp)
    add_custom_command(
        OUTPUT ${source}
        COMMAND ${CMAKE_COMMAND} -DINPUT=${CMAKE_SOURCE_DIR}/${file} -DOUTPUT=${source} -DNAMESPACE=${namespace}
                -DSYMBOL=${symbol} -P ${CMAKE_SOURCE_DIR}/cmake/embed_text.cmake
        DEPENDS ${CMAKE_SOURCE_DIR}/${file} ${CMAKE_SOURCE_DIR}/cmake/embed_text.cmake)
    target_sources(bt2c_${layer} PRIVATE ${source})
endfunction()

# One libFuzzer target, fuzz_NAME from fuzz/NAME.cpp: bt2c_fuzz(NAME LIBRARIES...). See ./run fuzz.
function(bt2c_fuzz name)
    if(NOT BT2C_FUZZ)
        return()
    endif()
    add_executable(fuzz_${name} EXCLUDE_FROM_ALL ${CMAKE_CURRENT_SOURCE_DIR}/${name}.cpp)
    target_link_libraries(fuzz_${name} PRIVATE ${ARGN})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzz_targets fuzz_${name})
endfunction()
if(BT2C_FUZZ)
    add_custom_target(fuzz_targets)
endif()
