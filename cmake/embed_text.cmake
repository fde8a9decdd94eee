# Turns a text file into a C++ source that defines `const char* const SYMBOL` in a namespace:
#   cmake -DINPUT=… -DOUTPUT=… -DNAMESPACE=… -DSYMBOL=… -P embed_text.cmake
file(READ ${INPUT} text)
file(WRITE ${OUTPUT} "namespace ${NAMESPACE} {\nextern const char* const ${SYMBOL};\n"
    "const char* const ${SYMBOL} = R\"~(${text})~\";\n}\n")
