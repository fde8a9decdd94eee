# Compiles the version into the command line; asked at every build, since a commit changes it.
set(version_source ${CMAKE_BINARY_DIR}/generated/version.cpp)
add_custom_target(bt2c_version
    COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${CMAKE_SOURCE_DIR} -DVERSION=${PROJECT_VERSION} -DOUTPUT=${version_source}
            -P ${CMAKE_SOURCE_DIR}/cmake/write_version.cmake
    BYPRODUCTS ${version_source} COMMENT "")
target_sources(bt2c_cli PRIVATE ${version_source})
add_dependencies(bt2c_cli bt2c_version)
