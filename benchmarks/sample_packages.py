"""The packages whose sample files `make foreign` reads, with the SHA-256 of each archive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Package:
    """An archive in a registry.

    Attributes:
        registry: where it is found. In Debian it is the upstream archive of a source package.
        name: its name there.
        version: its version there.
        sha256: the hash of the archive.
    """

    registry: Literal["pypi", "npm", "debian"]
    name: str
    version: str
    sha256: str


# fmt: off
PACKAGES = (
    Package("pypi", "mutagen", "1.48.1",
            "8f95637ab9f6f305cec6bd1294e197debe207998e3e068596563c74f86b0a173"),
    Package("pypi", "beets", "2.14.1",
            "b25dc7bf8ed093d8b6e043e88013736902c1082c958b81a598af5db5275539a5"),
    Package("pypi", "picard", "3.0.2",
            "ca875d573eb4b898f99821ec32978d9a6b47dc1f96b25f96608a75b6234d6098"),
    Package("pypi", "hachoir", "3.4.0",
            "7f88018d58ef42b5dcd8ff51f2a6191abf3ade38eee8da11acd93f5a7d9cf8f8"),
    Package("pypi", "mopidy", "3.4.2",
            "ada9ecbfc09eecc8c9e6742a8a4fea1632a134a1ab060527d8aa3d36df0547b6"),
    Package("pypi", "puremagic", "1.30",
            "f9ff7ac157d54e9cf3bff1addfd97233548e75e685282d84ae11e7ffee1614c9"),
    Package("pypi", "pymediainfo", "7.0.1",
            "0d5df59ecc615e24c56f303b8f651579c6accab7265715e5d429186d7ba21514"),
    Package("pypi", "silero-vad", "6.2.3",
            "d7a23b09202be4953915cb9173089bb307eed0418a9bd4794d9ec5af07fa1996"),
    Package("pypi", "filetype", "1.2.0",
            "66b56cd6474bf41d8c54660347d37afcc3f7d1970648de365c102ef77548aadb"),
    Package("pypi", "mediafile", "0.11.0",
            "2771ae95a31b773635c1446957cf5cd91d29967b9606f8c8c6accba1715c5eaf"),
    Package("pypi", "audioread", "2.1.9",
            "a3480e42056c8e80a8192a54f6729a280ef66d27782ee11cbd63e9d4d1523089"),
    Package("pypi", "pyglet", "2.1.19",
            "77fae024df940c60917ba604bab9b7e26306d66734186634b698c708cdd9f4be"),
    Package("pypi", "audiofile", "1.6.1",
            "6d941d216c16e3ead2fe3b80d8b7e349f0f11f2b727ed5acd0123831edd46b41"),
    Package("pypi", "soundfile", "0.14.0",
            "ba1c1a2d618bca5c406647c83b89f07cc8810fa506a50622a6993ba130c1de11"),
    Package("pypi", "stempeg", "0.2.6",
            "a71766fc4c8b0a3cb804b5026021a088b2728271ad67b2a99bc20fee10d7b81c"),
    Package("npm", "audio-lena", "3.0.1",
            "8b0e9d6cc58e264563f410da76b292e3770448670314b52bfae3764a876fc283"),
    Package("npm", "mp3-duration", "1.1.0",
            "9e7e9860c16e3ed7693d64a4b7a9ce0f5b7ef9c43e3fc0af7f543142add4629e"),
    Package("npm", "node-wav", "0.0.2",
            "41e932bc7fb027c8e5d5725aeeaf8174c35d2d7521d1b8e18baedc1d7d8b2e23"),
    Package("npm", "supersonic-scsynth-samples", "0.84.2",
            "aff0b03208adb5dc7612dc7a4e86d55161188326bcff4dbc2d20ce9e1b94238c"),
    Package("npm", "ion-sound", "3.0.7",
            "0b2314c9b832401e1ca17a3ad8075e54303df38fee69673b2fd04c7b72353e40"),
    Package("npm", "wav", "1.0.2",
            "018ae42bc5c47a76d72133bc423bd34cc369b434d3ecf47b8c7a658560182e2e"),
    Package("npm", "lamejs", "1.2.1",
            "d8d099ef788808c15bc9b4a407dd23ae935feb1152e6bb0efdcd24e3e91c2a2d"),
    Package("npm", "lame", "1.2.4",
            "a2cb82bdb944eb852d31c2ab9f8c76ae2673a0ff800d4e46a72da39d2d586a21"),
    Package("npm", "ebml", "3.0.0",
            "317966e5492b1dfa12a5bd12479062e61e4e9e9732f20641f5ec63a8fc491d10"),
    Package("npm", "audiosprite", "0.7.2",
            "d06a2c18689f3c2074322caa6144cbfb93f92aaaded9681fec74ea0c6be7312f"),
    Package("debian", "libaudio-scan-perl", "1.01-2",
            "8312720271c7addc4bbeec3312cddd8af4b990ac636204a596c07933ad6c634a"),
    Package("debian", "taglib", "1.13-2+deb12u1",
            "58f08b4db3dc31ed152c04896ee9172d22052bc7ef12888028c01d8b1d60ade0"),
    Package("debian", "quodlibet", "4.5.0-2",
            "301615829f652cbafedb35539237162a58bc1ee71a567d249f7789d9268245bc"),
    Package("debian", "libimage-exiftool-perl", "12.57+dfsg-1",
            "9de7ccd6ed6adf92038c8d943b1960d087b58c00b3924d19f61a1d774b7610fc"),
    Package("debian", "gst-plugins-good1.0", "1.22.0-5+deb12u3",
            "582e617271e7f314d1a2211e3e3856ae2e4303c8c0d6114e9c4a5ea5719294b0"),
    Package("debian", "gst-plugins-base1.0", "1.22.0-3+deb12u6",
            "f53672294f3985d56355c8b1df8f6b49c8c8721106563e19f53be3507ff2229d"),
    Package("debian", "qtmultimedia-opensource-src", "5.15.8-2",
            "3347791521b106d1e69ac0b28ea9a295c06dddcf592c051d366fedc9ae73e0bb"),
    Package("debian", "libmp3-info-perl", "1.26-1",
            "5762340732421f2502a770d6a126e584f2cd963351d2bc257bd278c39bce8be7"),
    Package("debian", "libmp4-info-perl", "1.13-1.2",
            "54b4511544aae8257c1b03446dde2c8ec6b825ff91e08e5ce5ee7ab0b279fb68"),
    Package("debian", "libogg-vorbis-header-pureperl-perl", "1.05-1",
            "521d3808f42d7122a6b06c33a6eae6d7c39947aab57c4c8ccafcc4f603fda53e"),
    Package("debian", "lame", "3.100-6",
            "ddfe36cab873794038ae2c1210557ad34857a4b6bdc515785d1da9e175b1da1e"),
    Package("debian", "libextractor", "1:1.11-7",
            "16f633ab8746a38547c4a1da3f4591192b0825ad83c4336f0575b85843d8bd8f"),
    Package("debian", "tracker-miners", "3.4.3-1",
            "8e4f3976472641b648d0f8f20debae1b1629ca5b560b8616e117d29d756fbeeb"),
    Package("debian", "libaudio-flac-header-perl", "2.4-5",
            "fba5911d6c22d81506565cd9a1438e8605420ff7986cf03d1a12d006a4070543"),
)
# fmt: on
