# Run by CPack in between: adds to the staged files what only Debian's package has, in Debian's form.
# The time of every file, unless it is given: that of the changelog, so that what is built again is the same.
if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
    execute_process(COMMAND dpkg-parsechangelog -l ${CPACK_BT2C_SOURCE_DIR}/packaging/debian/changelog -S Timestamp
                    OUTPUT_VARIABLE time OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    set(ENV{SOURCE_DATE_EPOCH} ${time})
endif()
set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY})
set(doc ${root}/usr/share/doc/bt2c-dr)
set(debian ${CPACK_BT2C_SOURCE_DIR}/packaging/debian)
file(COPY_FILE ${debian}/changelog ${doc}/changelog.Debian)
file(RENAME ${doc}/CHANGELOG.md ${doc}/changelog)
file(MAKE_DIRECTORY ${root}/etc/default)
file(COPY_FILE ${debian}/bt2c-dr.default ${root}/etc/default/bt2c-dr)
file(GLOB pages ${root}/usr/share/man/man1/*.1)
execute_process(COMMAND gzip -9n ${doc}/changelog ${doc}/changelog.Debian ${pages} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND chmod -R u=rwX,go=rX ${root} COMMAND_ERROR_IS_FATAL ANY)
