
const excerpts = [...document.querySelectorAll(".excerpt")].map((element, index) => {
  const [start, end] = data.times[index];
  return { element, start, end, sound: element.querySelector("audio"), button: element.querySelector(".play"), bar: element.querySelector(".progress span") };
});

function show(excerpt) {
  const { element, sound, start, end, button, bar } = excerpt, isPlaying = !sound.paused;
  element.classList.toggle("playing", isPlaying);
  button.setAttribute("aria-pressed", isPlaying);
  bar.style.transform = `scaleX(${Math.min(1, Math.max(0, (sound.currentTime - start) / (end - start)))})`;
  if (isPlaying && sound.currentTime >= end) sound.pause();
  else if (isPlaying) requestAnimationFrame(() => show(excerpt));
}

function toggle(excerpt) {
  const { sound, start, end } = excerpt;
  if (!sound) return;
  if (!sound.paused) return sound.pause();
  for (const other of excerpts) if (other.sound && other !== excerpt) other.sound.pause();
  if (sound.currentTime < start || sound.currentTime >= end - 0.05) sound.currentTime = start;
  sound.play().catch((error) => {
    if (error.name === "NotSupportedError") excerpt.element.classList.add("silent"); // others tell of a pause that came first
  });
}

for (const excerpt of excerpts) {
  if (!excerpt.sound) continue;
  excerpt.button.addEventListener("click", () => toggle(excerpt));
  for (const name of ["play", "pause", "seeked"]) excerpt.sound.addEventListener(name, () => show(excerpt));
}
for (const link of document.querySelectorAll(".citation"))
  link.addEventListener("click", () => {
    const excerpt = excerpts[Number(link.hash.replace("#excerpt-", "")) - 1];
    if (excerpt.sound && excerpt.sound.paused) toggle(excerpt);
  });
