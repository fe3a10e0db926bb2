/**
 * What Node is started with where it runs the crypto WASM. V8 may free the code of a function that it has compiled anew while
 * another thread compiles, and then ends the whole process: "Check failed: jit_page_->allocations_.erase(addr) == 1", about once in
 * a hundred files of tests. Without the collection of such code nothing is freed that way.
 *
 * @see https://github.com/nodejs/node/issues/64500
 */
export const nodeFlags: readonly string[] = ["--no-wasm-code-gc"];
