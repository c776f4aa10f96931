// Residents' pages: photos are made smaller before they are sent, so that a phone on a slow line can send
// them. Without this script the photo is sent as it is. The page works without it.
(() => {
  "use strict";
  const side = 2000, bytes = 1000000;
  const problems = document.getElementById("problems");
  if (problems) problems.focus();

  async function smaller(file) {
    if (!/^image\/(jpeg|png|webp)$/.test(file.type) || file.size < bytes) return file;
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    let scale = Math.min(1, side / Math.max(picture.width, picture.height));
    for (let tries = 0; tries < 6; tries++, scale *= 0.8) {
      const canvas = document.createElement("canvas");
      canvas.width = Math.max(1, Math.round(picture.width * scale));
      canvas.height = Math.max(1, Math.round(picture.height * scale));
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      const blob = await new Promise(done => canvas.toBlob(done, "image/jpeg", 0.8));
      if (blob && blob.size < bytes) {
        const name = file.name.replace(/\.[^.]*$/, "") + ".jpg";
        return new File([blob], name, { type: "image/jpeg" });
      }
    }
    return file;
  }

  for (const input of document.querySelectorAll("input[type=file][data-shrink]")) {
    const said = input.parentElement.querySelector("[data-shrink-said]");
    const bar = document.createElement("progress");
    bar.hidden = true;
    bar.setAttribute("aria-label", "正在缩小照片");
    said.after(bar);
    const buttons = input.form.querySelectorAll("button[type=submit]");
    input.addEventListener("change", async () => {
      const files = [...input.files];
      if (!files.length) return;
      bar.max = files.length;
      bar.value = 0;
      bar.hidden = false;
      for (const button of buttons) button.disabled = true;
      try {
        const kept = new DataTransfer();
        let size = 0;
        for (const file of files) {
          const small = await smaller(file);
          kept.items.add(small);
          size += small.size;
          bar.value++;
        }
        input.files = kept.files;
        said.textContent = `${files.length} 张照片,一共 ${Math.max(1, Math.round(size / 1024))} KB,可以交了。`;
      } catch {
        said.textContent = "照片缩小不了,会按原样交;太大交不上的,请重新拍。";
      } finally {
        bar.hidden = true;
        for (const button of buttons) button.disabled = false;
      }
    });
  }
})();
