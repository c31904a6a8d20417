//! A requirement that does not hold is an error of `cargo check` on concrete structs, with the numbers.

use stratal::{C, Params, Shape, Tensor};

#[derive(Params)]
#[params(require(H * HD == D))]
//               ^^^^^^^^^^^ evaluation panicked: Attention: H * HD == D does not hold: 32 * 100 != 4096
//               ^^^^^^^^^^^ evaluation panicked: Attention: H * HD == D does not hold: 3 * 5 != 16
struct Attention<const D: usize, const H: usize, const HD: usize> {
    weight: Tensor<f32, Shape![{ D }, { D }]>,
}

#[derive(Params)]
struct Model {
    attention: Attention<4096, 32, 100>,
    fitting: Attention<4096, 32, 128>,
}

#[derive(Params)]
struct Deep {
    layers: Vec<Option<Box<Attention<16, 3, 5>>>>,
}

const WIDTH: usize = 7;
const TILE: usize = 4;

#[derive(Params)]
#[params(require(WIDTH % TILE == 0), require((WIDTH + 1) / 2 >= TILE), require(WIDTH <= 6))]
//               ^^^^^^^^^^^^^^^^^ evaluation panicked: Tiled: WIDTH % TILE == 0 does not hold: 7 % 4 != 0
struct Tiled {
    weight: Tensor<f32, Shape![{ WIDTH }]>,
}

#[derive(Params)]
#[params(require(WIDTH <= 6))]
//               ^^^^^^^^^^ evaluation panicked: Small: WIDTH <= 6 does not hold: 7 > 6
enum Small {
    Only { weight: Tensor<f32, (C<WIDTH>,)> },
}

#[derive(Params)]
#[params(require(WIDTH != WIDTH), require(TILE < 4))]
//               ^^^^^^^^^^^^^^ evaluation panicked: Different: WIDTH != WIDTH does not hold: 7 == 7
struct Different {
    weight: Tensor<f32, Shape![3]>,
}

#[derive(Params)]
#[params(require(missing::CONSTANT == 3))]
//               ^^^^^^^ cannot find module or crate `missing` in this scope
struct Unknown {
    weight: Tensor<f32, Shape![3]>,
}
