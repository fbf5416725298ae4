# cmake -DBUILD= -DWORK= -DSOURCE= -DCXX= -P consume.cmake
function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
endfunction()

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
run(${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/build -G Ninja -DCMAKE_CXX_COMPILER=${CXX}
  -DCMAKE_PREFIX_PATH=${WORK}/prefix -DCMAKE_CXX_FLAGS=-Wall\ -Wextra\ -Werror)
run(${CMAKE_COMMAND} --build ${WORK}/build)
execute_process(COMMAND ${WORK}/build/own_loop RESULT_VARIABLE status ERROR_VARIABLE usage)
if(NOT status EQUAL 2 OR NOT usage MATCHES "usage: own_loop")
  message(FATAL_ERROR "own_loop without arguments: ${status} ${usage}")
endif()

# The fakes come when they are asked for, with libraries that nobody else needs.
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/testing -B ${WORK}/testing -G Ninja
  -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_PREFIX_PATH=${WORK}/prefix -DCMAKE_CXX_FLAGS=-Wall\ -Wextra\ -Werror)
run(${CMAKE_COMMAND} --build ${WORK}/testing)
run(${WORK}/testing/stranger)
