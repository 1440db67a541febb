//! G.711: A-law and µ-law → 16-bit linear PCM (ITU-T G.711). 8000 samples a second, one byte a sample.

const A_LAW: [i16; 256] = table(true);
const MU_LAW: [i16; 256] = table(false);

const fn table(a_law: bool) -> [i16; 256] {
    let mut out = [0; 256];
    let mut code = 0;
    while code < 256 {
        out[code] = if a_law { a_law_value(code as u8) } else { mu_law_value(code as u8) };
        code += 1;
    }
    out
}

const fn a_law_value(code: u8) -> i16 {
    let code = code ^ 0x55;
    let (segment, step) = ((code & 0x70) >> 4, ((code & 0x0f) as i16) << 4);
    let magnitude = if segment == 0 { step + 8 } else { (step + 0x108) << (segment - 1) };
    if code & 0x80 != 0 { magnitude } else { -magnitude }
}

const fn mu_law_value(code: u8) -> i16 {
    let code = !code;
    let magnitude = ((((code & 0x0f) as i16) << 3) + 0x84) << ((code & 0x70) >> 4);
    if code & 0x80 != 0 { 0x84 - magnitude } else { magnitude - 0x84 }
}

/// One A-law byte (PCMA, RTP payload type 8) as a sample.
pub fn a_law(code: u8) -> i16 {
    A_LAW[usize::from(code)]
}

/// One µ-law byte (PCMU, RTP payload type 0) as a sample.
pub fn mu_law(code: u8) -> i16 {
    MU_LAW[usize::from(code)]
}

/// A-law bytes → samples.
pub fn a_law_to_pcm(data: &[u8]) -> Vec<i16> {
    data.iter().map(|&code| a_law(code)).collect()
}

/// µ-law bytes → samples.
pub fn mu_law_to_pcm(data: &[u8]) -> Vec<i16> {
    data.iter().map(|&code| mu_law(code)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_codes_have_the_values_of_the_tables() {
        // G.711 tables 1a/1b and 2a/2b scaled to 16 bits: the ends and the silence.
        assert_eq!([a_law(0xd5), a_law(0x55), a_law(0xaa), a_law(0x2a)], [8, -8, 32256, -32256]);
        assert_eq!([mu_law(0xff), mu_law(0x7f), mu_law(0x80), mu_law(0x00)], [0, 0, 32124, -32124]);
    }

    #[test]
    fn each_half_is_the_mirror_of_the_other() {
        for code in 0..=255u8 {
            assert_eq!(a_law(code), -a_law(code ^ 0x80));
            assert_eq!(mu_law(code), -mu_law(code ^ 0x80));
        }
    }
}
