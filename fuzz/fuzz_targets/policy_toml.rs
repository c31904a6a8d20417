//! Any text as a policy: refused with the name of the file, or a policy that prints as itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stratal_tiering::policy::Policy;

fuzz_target!(|text: &str| match Policy::parse(text, "fuzz") {
    Ok(policy) => assert_eq!(Policy::parse(&policy.to_string(), "printed").expect("its own words"), policy),
    Err(error) => assert_eq!(error.fact("file"), Some("fuzz")),
});
