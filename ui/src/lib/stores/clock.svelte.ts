// What time it is, for everything that says «2 s ago».
//
// Owns two ticks, one a second and one every 20 s; both stand still while the page is hidden. Nothing else in the page keeps a timer
// for showing time.

let second = $state(Date.now());
let coarse = $state(Date.now());

function tick(): void {
  second = Date.now();
  if (second - coarse >= 20_000) coarse = second;
}

setInterval(() => {
  if (!document.hidden) tick();
}, 1_000);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) {
    tick();
    coarse = Date.now();
  }
});

export const clock = {
  get second(): number {
    return second;
  },
  get coarse(): number {
    return coarse;
  },
};
