//! What a cancel token stops, counted in steps and not in time: reading weights and making an answer. (Reading a prompt
//! is counted inside the crate, `engine/decoder/stops.rs`.)

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use botsmith_core::chat::{Call, CancelToken};
use botsmith_core::engine::{
    ComputeDevice, EngineError, GenerateEvent, GenerateRequest, LocalModel, ModelFiles, Weights,
};
use futures_core::Stream as _;

use crate::models::{cases, folder, load, options};
use crate::parity::greedy;

#[test]
fn loading_stops_at_the_next_tensor_and_the_file_can_be_read_anew() {
    let folder = folder("llama3");
    let files = ModelFiles::open(folder.path()).unwrap();
    let cancel = CancelToken::new();
    let weights = Weights::open(&files, &ComputeDevice::Cpu)
        .unwrap()
        .with_cancel(cancel.clone());
    let names: Vec<(String, Vec<usize>)> = weights
        .names()
        .map(|name| (name.to_owned(), weights.about(name).unwrap().1.to_vec()))
        .collect();
    let half = names.len() / 2;
    let mut read = 0;
    for (at, (name, shape)) in names.iter().enumerate() {
        if at == half {
            cancel.cancel();
        }
        match weights.tensor(name, shape) {
            Ok(_) => read += 1,
            Err(error) => assert!(matches!(error, EngineError::Cancelled), "{error}"),
        }
    }
    assert_eq!(read, half);
    let mut stopped = options();
    stopped.cancel = cancel;
    let error = LocalModel::load(folder.path(), &stopped).expect_err("cancelled before");
    assert_eq!(error.code(), "BS-ENG-014");
    // Nothing is left locked.
    let model = LocalModel::load(folder.path(), &options()).expect("the model");
    let cases = cases("llama3");
    assert_eq!(greedy(&model, &cases.ids, 64), cases.greedy);
}

/// Cancels when it is woken: in the engine's own thread, right after it has put a piece.
struct CancelsWhenWoken {
    cancel: CancelToken,
    woken: AtomicUsize,
}

impl Wake for CancelsWhenWoken {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Ordering::SeqCst);
        self.cancel.cancel();
    }
}

#[test]
fn an_answer_stops_before_its_next_token() {
    let model = load("llama3");
    let cancel = CancelToken::new();
    let request = GenerateRequest {
        prompt: cases("llama3").ids,
        max_tokens: Some(200),
        ignore_end: true,
        ..GenerateRequest::default()
    };
    let call = Call::default().cancelled_by(cancel.clone());
    let mut answer = model.generate(request, call).unwrap();
    let cancels = Arc::new(CancelsWhenWoken {
        cancel,
        woken: AtomicUsize::new(0),
    });
    let waker = Waker::from(Arc::clone(&cancels));
    let mut context = Context::from_waker(&waker);
    // Pieces that are there already are not waited for; the first that is not there ends it.
    let mut before = 0;
    let mut after = 0;
    loop {
        match Pin::new(&mut answer).poll_next(&mut context) {
            Poll::Ready(Some(Ok(GenerateEvent::Token { .. }))) => {
                match cancels.woken.load(Ordering::SeqCst) {
                    0 => before += 1,
                    _ => after += 1,
                }
            }
            Poll::Ready(Some(Ok(event))) => panic!("{event:?} after {before} and {after} tokens"),
            Poll::Ready(Some(Err(error))) => {
                assert!(matches!(error, EngineError::Cancelled), "{error}");
                break;
            }
            Poll::Ready(None) => panic!("it ends with an error"),
            Poll::Pending => std::thread::yield_now(),
        }
    }
    assert!(
        cancels.woken.load(Ordering::SeqCst) > 0,
        "tokens before: {before}"
    );
    // The token whose coming has woken us, and none after it.
    assert!(after <= 1, "{after} tokens after it was cancelled");
    let again = greedy(&model, &cases("llama3").ids, 8);
    assert_eq!(again, cases("llama3").greedy[..8]);
}
